export const __pp_d = () => 'a name that is reserved';
