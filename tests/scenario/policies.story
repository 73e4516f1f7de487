All healthy endpoints, at most answers_max of them; and one by weight.
Rules 4.2, 4.8.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  all.example.com: {check: web, all: [192.0.2.10, 192.0.2.11, 192.0.2.12]}
  one.example.com: {check: web, all: [192.0.2.10, 192.0.2.11, 192.0.2.12], answers_max: 1}
  weighted.example.com:
    check: web
    weighted: [{address: 192.0.2.10, weight: 3}, {address: 192.0.2.11, weight: 1}, {address: 192.0.2.13, weight: 0}]

== story
at 5s   ask all.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.12 ttl 30
at 5s   ask one.example.com A -> one of 192.0.2.10, 192.0.2.11, 192.0.2.12 ttl 30 because 4.8
at 5s   ask weighted.example.com A -> one of 192.0.2.10, 192.0.2.11 ttl 30
at 10s  192.0.2.10 refuses
at 15s  ask all.example.com A -> 192.0.2.11, 192.0.2.12 ttl 30
at 15s  ask one.example.com A -> one of 192.0.2.11, 192.0.2.12 ttl 30
at 15s  ask weighted.example.com A -> 192.0.2.11 ttl 30
at 20s  192.0.2.11 refuses
at 25s  ask all.example.com A -> 192.0.2.12 ttl 30
at 25s  ask weighted.example.com A -> 192.0.2.13 ttl 30
