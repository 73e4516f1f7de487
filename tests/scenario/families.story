A and AAAA are decided each for itself: a family that is down follows its own rules and never drags the other.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10, "2001:db8::10"], [198.51.100.10, "2001:db8:1::10"]]}
  six.example.com: {check: web, tiers: [["2001:db8::10"]], on_all_down: servfail}

== story
at 5s   ask www.example.com AAAA -> 2001:db8::10 ttl 30
at 5s   ask six.example.com A -> NODATA
at 10s  2001:db8::10 silent
at 15s  ask www.example.com AAAA -> 2001:db8:1::10 ttl 30
at 15s  ask www.example.com A -> 192.0.2.10 ttl 30
at 15s  ask six.example.com AAAA -> SERVFAIL
at 15s  ask six.example.com A -> NODATA
at 20s  2001:db8:1::10 fails
at 25s  ask www.example.com AAAA -> 2001:db8::10 ttl 30 because 4.4
at 25s  ask www.example.com A -> 192.0.2.10 ttl 30
at 25s  alarm record/www.example.com/AAAA
at 25s  no alarm record/www.example.com/A/
