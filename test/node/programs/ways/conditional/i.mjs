export function dual() { return 'import'; }
