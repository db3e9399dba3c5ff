"""What `bench` leaves: tables, plots, pictures, and a page of all of them."""
