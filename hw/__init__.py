"""What touches a wire: buses, boards, debounce. Knows nothing of compartments, dossiers, HTTP or the journal."""
