"""Measurements that anyone can run, as ratios within one run. Nothing here is a test."""
