export {}; throw new Error('fails');
