"""What docker-compose.yml and deploy/ hold, checked with the tools that read them."""
