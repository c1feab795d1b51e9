export interface Nothing {}
