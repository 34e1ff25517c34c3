"""The embedded OCR engine: an ASGI app that speaks the wire format of Qwen-OCR and needs no key."""
