function f(a: number { return 1 }
