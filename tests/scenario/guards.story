Guards: max_withdraw stops automation at its limit and alarms; a mass failure alarms and blocks nothing.
Rules 5.2, 5.3.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
pools:
  near: {endpoints: [192.0.2.10, 192.0.2.11, 192.0.2.12, 192.0.2.13], max_withdraw: {count: 1, window: 10m}}
  free: [192.0.2.10, 192.0.2.11, 192.0.2.12, 192.0.2.13]
records:
  www.example.com: {check: web, all: near}
  free.example.com: {check: web, all: free}

== story
at 10s   192.0.2.10 refuses
at 15s   ask www.example.com A -> 192.0.2.11, 192.0.2.12, 192.0.2.13 ttl 30
at 15s   no alarm mass_failure
at 20s   192.0.2.11 refuses
at 25s   ask www.example.com A -> 192.0.2.11, 192.0.2.12, 192.0.2.13 because 5.2
at 25s   ask free.example.com A -> 192.0.2.12, 192.0.2.13 ttl 30
at 25s   alarm max_withdraw/near
at 25s   alarm mass_failure
# a window later another one may go
at 630s  ask www.example.com A -> 192.0.2.12, 192.0.2.13 ttl 30
at 630s  no alarm max_withdraw
at 630s  no alarm mass_failure
