One failed probe withdraws nobody, and leaves no trace. Without jitter, 10 s hold exactly one probe.
Rules 1.1, 4.7.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 10s, recheck_interval: 10s, fall: 2, jitter: 0}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 30s  ask www.example.com A -> 192.0.2.10 ttl 30
at 30s  192.0.2.10 refuses
at 40s  192.0.2.10 up
at 40s  ask www.example.com A -> 192.0.2.10 ttl 5 because 4.7
at 51s  ask www.example.com A -> 192.0.2.10 ttl 30
