throw new Error('fails\nover two lines');
