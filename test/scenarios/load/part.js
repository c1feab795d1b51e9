exports.apples = 2;
