"""What the integration and end-to-end tests share: a wire-level consumer, a provider that does as told, set-ups."""
