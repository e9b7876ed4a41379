import {registry} from "@web/core/registry";

registry.category("web_tour.tours").add("groupbuy_claim_decide", {
    url: "/odoo/action-community_groupbuy.groupbuy_claim_action",
    steps: () => [
        {
            content: "The queue shows what waits for review",
            trigger:
                ".o_kanban_group:contains('To Review') .o_kanban_record:contains('Leeks')",
            run: "click",
        },
        {
            content: "Open the goods with what the resident says",
            trigger: ".o_field_widget[name='line_ids'] .o_data_row td[name='quantity']",
            run: "click",
        },
        {
            content: "The photo can be looked at",
            trigger: ".modal .o_field_widget[name='photo_ids'] .o_kanban_record img",
        },
        {
            trigger: ".modal .o_field_widget[name='decision'] input",
            run: "click",
        },
        {
            trigger: ".o_select_menu_item:contains('Refund, Nothing Comes Back')",
            run: "click",
        },
        {
            trigger: ".modal .o_field_widget[name='refund_quantity'] input",
            run: "edit 1",
        },
        {
            trigger: ".modal .o_form_button_save",
            run: "click",
        },
        {
            trigger: "body:not(:has(.modal)) button[name='action_decide']",
            run: "click",
        },
        {
            content: "Money is given back only after having been asked",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "The request is settled",
            trigger: ".o_statusbar_status .o_arrow_button_current:contains('Settled')",
        },
        {
            trigger: ".o_field_widget[name='refund_amount']:contains('10.00')",
        },
        {
            content: "The resident was told",
            trigger: ".o-mail-Message:contains('we give you back')",
        },
    ],
});
