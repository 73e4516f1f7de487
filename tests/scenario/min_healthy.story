Tiers want min_healthy endpoints: the first tier that has as many answers, else the best with any (degraded).
Rules 4.2, 4.3, 3.5.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com:
    check: web
    tiers: [[192.0.2.10, 192.0.2.11, 192.0.2.12], [198.51.100.10, 198.51.100.11]]
    min_healthy: 2

== story
at 5s    ask www.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.12 ttl 30
at 10s   192.0.2.10 refuses
at 15s   ask www.example.com A -> 192.0.2.11, 192.0.2.12 ttl 30 because 4.2
at 20s   192.0.2.11 refuses
at 25s   ask www.example.com A -> 198.51.100.10, 198.51.100.11 ttl 30
at 30s   198.51.100.10 refuses
at 35s   ask www.example.com A -> 192.0.2.12 ttl 30 because 4.3
at 35s   alarm record/www.example.com/A
at 40s   198.51.100.10 up
# its own hold is 120 s, and a hold that keeps a record degraded is no outage
at 200s  ask www.example.com A -> 198.51.100.10, 198.51.100.11 ttl 30
at 200s  no alarm record/
