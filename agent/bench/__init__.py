"""Measuring an agent: problems, scores, arms, statistics, reports."""
