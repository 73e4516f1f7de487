A primary that refuses is withdrawn once two rechecks agree; while it is suspected answers live 5 s at most.
Rules 1.1, 3.1, 4.2, 4.7. At the defaults: an interval of 10 s with its jitter, and two rechecks, are 13 s at most.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80}
  slow: {tcp: 81, recheck_interval: 5s, fall: 5}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}
  slow.example.com: {check: slow, tiers: [[192.0.2.11], [198.51.100.10]]}

== story
at 29s  ask www.example.com A -> 192.0.2.10 ttl 30 because 4.2
at 30s  192.0.2.10 refuses
at 30s  192.0.2.11 refuses
at 43s  ask www.example.com A -> 198.51.100.10 ttl 30 because down since
# fall 5 at 5 s: suspected from 41 s at the latest until 50 s at the earliest, and votes up all the while
at 45s  ask slow.example.com A -> 192.0.2.11 ttl 5 because 4.7
at 62s  ask slow.example.com A -> 198.51.100.10 ttl 30
