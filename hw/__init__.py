"""What touches a wire: buses, boards, debounce."""
