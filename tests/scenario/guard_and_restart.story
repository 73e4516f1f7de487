What max_withdraw granted before a restart counts after it: nobody else leaves in its place.
Rules 1.5, 5.2.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
pools:
  near: {endpoints: [192.0.2.10, 192.0.2.11, 192.0.2.12, 192.0.2.13], max_withdraw: {count: 1, window: 1h}}
records:
  www.example.com: {check: web, all: near}

== story
at 10s   192.0.2.12 refuses
at 15s   ask www.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.13 ttl 30
at 20s   192.0.2.10 refuses
at 25s   ask www.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.13
at 30s   restart
at 30s   ask www.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.13
at 60s   ask www.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.13
at 60s   alarm max_withdraw/near
