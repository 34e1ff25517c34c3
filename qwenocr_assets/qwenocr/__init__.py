"""Qwen-OCR over HTTP: catalogue, requests, answers, errors and the client. Nothing here knows of Dagster."""
