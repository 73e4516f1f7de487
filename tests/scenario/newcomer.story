An endpoint newly added beside healthy ones waits for its first UP, for at most fall x interval; one that is down from
the start is never handed out.
Rules 2.2, 4.7.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, all: [192.0.2.10]}

== more.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, all: [192.0.2.10, 192.0.2.11, 192.0.2.12, 192.0.2.13]}

== story
at 5s    ask www.example.com A -> 192.0.2.10 ttl 30
at 9s    192.0.2.12 refuses
at 9s    192.0.2.13 unreachable
at 10s   reload more.yaml
# the wait ends in 2 s, and so does the answer
at 10s   ask www.example.com A -> 192.0.2.10 ttl 2 because 2.2
at 12.1s ask www.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.13 ttl 5
at 60s   ask www.example.com A -> 192.0.2.10, 192.0.2.11, 192.0.2.13 ttl 5
