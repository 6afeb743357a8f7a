"""The description of the function, OpenAPI 3.1, made from the table that dispatches."""
