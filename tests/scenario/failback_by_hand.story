Failback by hand, and never. A release lets a waiting endpoint return; with 'never' the record stays where it went until
that fails too.
Rule 3.3.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  manual.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], failback: {mode: manual}}
  never.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], failback: {mode: never}}

== story
at 10s    192.0.2.10 refuses
at 15s    ask manual.example.com A -> 198.51.100.10
at 15s    ask never.example.com A -> 198.51.100.10
at 20s    192.0.2.10 up
at 1h     ask manual.example.com A -> 198.51.100.10 ttl 30 because 3.3
at 1h     ask never.example.com A -> 198.51.100.10 ttl 30 because 3.3
at 1h     restart
at 3602s  ask manual.example.com A -> 198.51.100.10 because 3.3
at 3610s  release 192.0.2.10
at 3611s  ask manual.example.com A -> 192.0.2.10 ttl 30
at 3611s  ask never.example.com A -> 198.51.100.10
at 3611s  release 192.0.2.10 -> refused override.none
at 3620s  198.51.100.10 refuses
at 3625s  ask never.example.com A -> 192.0.2.10 ttl 30
