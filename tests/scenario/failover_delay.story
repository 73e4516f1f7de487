A failover delay keeps a failed endpoint for that long, so that a short outage moves nobody; answers count down to it.
Rules 3.1, 4.7.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], failover_delay: 30s}

== story
at 10s  192.0.2.10 refuses
at 20s  192.0.2.10 up
at 35s  ask www.example.com A -> 192.0.2.10 ttl 30
at 60s  192.0.2.10 refuses
at 70s  ask www.example.com A -> 192.0.2.10 because 3.1
at 85s  ask www.example.com A -> 192.0.2.10 because 3.1
at 95s  ask www.example.com A -> 198.51.100.10 ttl 30
