"""`understudy demo`: the main job, shown on loopback in under a minute."""
