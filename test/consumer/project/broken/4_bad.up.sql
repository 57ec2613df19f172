select nothing;
