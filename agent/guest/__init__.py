"""What runs in the sandbox beside a program of a model: standard library only, importing nothing of ours."""
