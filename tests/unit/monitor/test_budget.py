from __future__ import annotations

from understudy.monitor.budget import TokenBucket


def starts(bucket: TokenBucket, until: float, wanted_every: float) -> list[float]:
    begun, now = [], 0.0
    while now < until:
        if bucket.ready_at() <= now:
            bucket.take(now)
            begun.append(now)
        now += wanted_every
    return begun


def test_the_long_run_keeps_the_rate() -> None:
    assert 1000 <= len(starts(TokenBucket(100.0, 0.05), until=10.0, wanted_every=1 / 1024)) <= 1005


def test_a_burst_is_what_a_rest_of_burst_s_saved() -> None:
    bucket = TokenBucket(100.0, 0.05)
    taken = 0
    while bucket.ready_at() <= 1000.0:
        bucket.take(1000.0)
        taken += 1
    assert taken == 5
    assert abs(bucket.ready_at() - 1000.01) < 1e-9


def test_one_may_always_start_after_a_rest_however_slow_the_rate() -> None:
    bucket = TokenBucket(0.1, 0.0)
    assert bucket.ready_at() <= 1.0
    bucket.take(1.0)
    assert bucket.ready_at() == 11.0
