Several checks on one endpoint: all of them, or one of them.
Rule 2.8.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
  ping: {tcp: 7, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  all.example.com: {check: {all_of: [web, ping]}, tiers: [[192.0.2.10], [198.51.100.10]]}
  any.example.com: {check: {any_of: [web, ping]}, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 5s   ask all.example.com A -> 192.0.2.10 ttl 30
at 10s  192.0.2.10 refuses by ping
at 15s  ask all.example.com A -> 198.51.100.10 ttl 30
at 15s  ask any.example.com A -> 192.0.2.10 ttl 30
at 20s  192.0.2.10 refuses by web
at 25s  ask any.example.com A -> 198.51.100.10 ttl 30
