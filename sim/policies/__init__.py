"""The levers: each policy writes this week's orders into columns; what is executed is the business of the processes."""
