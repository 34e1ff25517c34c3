"""The service's wire format, the server's side: requests parsed, answers and refusals written, in both dialects."""
