Flapping is damped: each fall within half an hour doubles the hold, at most 15 min; after a quiet half hour it is
forgotten.
Rule 3.2.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], failback: {delay: 10s}}

== story
at 100s   192.0.2.10 refuses
at 110s   192.0.2.10 up
at 125s   ask www.example.com A -> 198.51.100.10
at 135s   ask www.example.com A -> 192.0.2.10
at 200s   192.0.2.10 refuses
at 210s   192.0.2.10 up
at 245s   ask www.example.com A -> 198.51.100.10
at 255s   ask www.example.com A -> 192.0.2.10
at 300s   192.0.2.10 refuses
at 310s   192.0.2.10 up
at 385s   ask www.example.com A -> 198.51.100.10
at 395s   ask www.example.com A -> 192.0.2.10
at 3000s  192.0.2.10 refuses
at 3010s  192.0.2.10 up
at 3025s  ask www.example.com A -> 198.51.100.10
at 3035s  ask www.example.com A -> 192.0.2.10 ttl 30
