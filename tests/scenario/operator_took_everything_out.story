An operator takes everything out: refused at first, then NODATA, never NXDOMAIN; a fallback still answers.
Rules 4.1, 4.5, 5.4, 5.7.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
pools:
  sorry: [203.0.113.80]
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}
  sorry.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], fallback: sorry}

== story
at 10s  drain 192.0.2.10 reason maintenance
at 10s  ask www.example.com A -> 198.51.100.10 ttl 30 because 4.1
at 11s  drain 198.51.100.10 reason maintenance -> refused override.refused
at 11s  ask www.example.com A -> 198.51.100.10
at 12s  drain 198.51.100.10 even so reason moving house
at 12s  ask www.example.com A -> NODATA ttl 30 because 4.5
at 12s  ask www.example.com AAAA -> NODATA ttl 30
at 12s  ask sorry.example.com A -> 203.0.113.80 ttl 30
at 12s  alarm record/www.example.com/A
at 13s  restart
at 13s  ask www.example.com A -> NODATA because 4.5
at 14s  release 192.0.2.10
at 14s  ask www.example.com A -> 192.0.2.10 ttl 30
at 14s  ask sorry.example.com A -> 192.0.2.10
# what ends by itself is kept by nobody for longer than that
at 20s  drain 192.0.2.10 for 20s even so reason a short move
at 20s  ask www.example.com A -> NODATA ttl 20 because 4.5
at 35s  ask www.example.com A -> NODATA ttl 5
at 41s  ask www.example.com A -> 192.0.2.10
