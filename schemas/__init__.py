"""What crosses a door, checked: pydantic models, and the JSON Schema and AsyncAPI files exported from them."""
