import {registry} from "@web/core/registry";

/** Choose a photo, as large as a phone takes it. */
async function takePhoto() {
    const canvas = document.createElement("canvas");
    canvas.width = 3000;
    canvas.height = 2000;
    canvas.getContext("2d").fillRect(0, 0, 1500, 1000);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], "leeks.png", {type: "image/png"}));
    const input = document.querySelector(".o_groupbuy_claim_line input[type=file]");
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", {bubbles: true}));
}

registry.category("web_tour.tours").add("groupbuy_refund", {
    url: "/my/groupbuy",
    steps: () => [
        {
            content: "Open the order",
            trigger: ".o_groupbuy_order .badge:contains(Received)",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Something is wrong with it",
            trigger: ".o_groupbuy_claim_open",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "Nothing is sent before something is chosen",
            trigger: ".o_groupbuy_claim_form button[type=submit]:disabled",
        },
        {
            content: "Two pieces",
            trigger: ".o_groupbuy_claim_more",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_claim_quantity:value(1)",
            run: () => document.querySelector(".o_groupbuy_claim_more").click(),
        },
        {
            trigger: ".o_groupbuy_claim_quantity:value(2)",
        },
        {
            content: "Are damaged",
            trigger: ".o_groupbuy_claim_details select",
            run: () => {
                const select = document.querySelector(
                    ".o_groupbuy_claim_details select"
                );
                select.selectedIndex = [...select.options].findIndex((option) =>
                    /damaged/i.test(option.text)
                );
                select.dispatchEvent(new Event("change", {bubbles: true}));
            },
        },
        {
            content: "And come back",
            trigger: ".o_groupbuy_claim_details label:contains(Bring it back)",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_claim_details textarea",
            run: "edit Two are rotten.",
        },
        {
            content: "As the photo shows",
            trigger: ".o_groupbuy_claim_details input[type=file]",
            run: takePhoto,
        },
        {
            trigger: ".o_groupbuy_photos img",
        },
        {
            content: "Send it",
            trigger: ".o_groupbuy_claim_form button[type=submit]:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "It can be followed",
            trigger: ".o_groupbuy_claim_page .badge:contains(To Review)",
        },
        {
            trigger: ".o_groupbuy_claim_page .o_groupbuy_photos img",
        },
    ],
});
