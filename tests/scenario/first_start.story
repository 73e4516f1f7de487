First start, nothing known: unknown endpoints are eligible with a short TTL; once known, the record's own TTL.
Rules 1.6, 2.2, 4.7.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
records:
  www.example.com:
    check: tcp:80
    tiers: [[192.0.2.10], [198.51.100.10]]
  brief.example.com: {check: tcp:81, tiers: [[192.0.2.10]], ttl: 3}

== story
at 0s  ask www.example.com A -> 192.0.2.10 ttl 5
at 0s  ask brief.example.com A -> 192.0.2.10 ttl 3
at 3s  ask www.example.com A -> 192.0.2.10 ttl 30
at 3s  ask brief.example.com A -> 192.0.2.10 ttl 3
at 3s  ask www.example.com AAAA -> NODATA
at 3s  ask nothing.example.com A -> NXDOMAIN
at 3s  no alarm record/
