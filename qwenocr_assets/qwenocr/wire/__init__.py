"""What goes over the wire: bodies and answers of both dialects, streams, uploads, the transport."""
