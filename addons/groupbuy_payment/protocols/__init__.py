"""The two providers' protocols, free of Odoo."""
