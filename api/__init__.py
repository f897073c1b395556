"""What is spoken over HTTP, the pages, and the composition root."""
