"""Tests that press keys in real shells."""
