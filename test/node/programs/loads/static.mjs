import { shared } from './shared.mjs'; export default shared;
