A recovered primary waits: 60 s x 2^1 after its first fall, then 60 s x 2^2 after the second, and the backup answers.
Rules 3.2, 4.7 (never beyond a change that is due).

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 10s   192.0.2.10 refuses
at 13s   ask www.example.com A -> 198.51.100.10 ttl 30
at 20s   192.0.2.10 up
at 24s   ask www.example.com A -> 198.51.100.10 ttl 30
at 130s  ask www.example.com A -> 198.51.100.10
at 145s  ask www.example.com A -> 192.0.2.10 ttl 30
# again: 240 s this time
at 150s  192.0.2.10 refuses
at 153s  ask www.example.com A -> 198.51.100.10 ttl 30
at 160s  192.0.2.10 up
at 390s  ask www.example.com A -> 198.51.100.10
at 405s  ask www.example.com A -> 192.0.2.10 ttl 30
