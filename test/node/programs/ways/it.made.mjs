WORD
export { made };
