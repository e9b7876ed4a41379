from odoo import models


class GroupbuyClaim(models.Model):
    """What the page of a request shows."""

    _inherit = "groupbuy.claim"

    def _is_withdrawable(self):
        """Whether the resident may still withdraw; the attempt itself checks again."""
        self.ensure_one()
        return self.state in ("submitted", "in_progress", "waiting") and not any(
            self.line_ids.mapped("settled_at")
        )

    def _prepare_answer(self):
        """:return: {"claim_id": int, "name": str, "url": str}"""
        self.ensure_one()
        return {"claim_id": self.id, "name": self.name, "url": self.access_url}

    def _prepare_steps(self):
        """:return: the steps of this request as (label, "done", "now" or "later")"""
        self.ensure_one()
        labels = dict(self._fields["state"]._description_selection(self.env))
        if self.state in ("rejected", "cancelled"):
            names = ["submitted", self.state]
        elif self.state == "waiting" or self.picking_ids:
            names = ["submitted", "in_progress", "waiting", "done"]
        else:
            names = ["submitted", "in_progress", "done"]
        position = names.index(self.state)
        # What ends it is no step that still goes on.
        if position == len(names) - 1:
            position += 1
        return [
            (
                labels[name],
                "done" if at < position else "now" if at == position else "later",
            )
            for at, name in enumerate(names)
        ]


class GroupbuyClaimLine(models.Model):
    _inherit = "groupbuy.claim.line"

    def _get_photo_urls(self):
        """:return: addresses of the photos, for whoever may see this request"""
        self.ensure_one()
        photos = self.photo_ids
        tokens = photos.generate_access_token()
        return [
            f"/web/image/{photo.id}?access_token={token}"
            for photo, token in zip(photos, tokens, strict=True)
        ]
