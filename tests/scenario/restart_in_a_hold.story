A long restart in the middle of a hold: what was stored is too old to count, until the first probes; then nothing is
held any more, and the endpoint returns.
Rules 1.4, 1.5, 2.3, 3.2.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 5s}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 0s      192.0.2.10 refuses
at 60s     ask www.example.com A -> 198.51.100.10 ttl 30
at 60s     192.0.2.10 up
at 90s     restart and wait 10m
at 690s    ask www.example.com A -> 198.51.100.10
at 720s    no alarm held
at 720s    ask www.example.com A -> 192.0.2.10 ttl 30
at 1000s   restart and wait 1d
at 87430s  no alarm held
at 87430s  ask www.example.com A -> 192.0.2.10 ttl 30
