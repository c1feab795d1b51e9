exports.index = true
