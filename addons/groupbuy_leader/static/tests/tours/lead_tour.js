import {registry} from "@web/core/registry";

// Stands in for the browser's own question whether the page may know where one is.
function standAt(latitude, longitude) {
    Object.defineProperty(navigator, "geolocation", {
        configurable: true,
        value: {
            getCurrentPosition: (answer) => answer({coords: {latitude, longitude}}),
        },
    });
}

async function takePhoto(input) {
    const canvas = document.createElement("canvas");
    canvas.width = 2400;
    canvas.height = 1800;
    canvas.getContext("2d").fillRect(0, 0, 1200, 900);
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const transfer = new DataTransfer();
    transfer.items.add(new File([blob], "door.png", {type: "image/png"}));
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", {bubbles: true}));
}

function fits() {
    const {scrollWidth, clientWidth} = document.documentElement;
    if (scrollWidth > clientWidth) {
        throw new Error(`The page is ${scrollWidth} px wide on ${clientWidth} px.`);
    }
}

registry.category("web_tour.tours").add("groupbuy_lead_apply", {
    steps: () => [
        {trigger: "#lead_name", run: "edit Ann Applicant"},
        {trigger: "#lead_phone", run: "edit 138 0000 2000"},
        {trigger: "#lead_identity_number", run: "edit 990000198001010012"},
        {trigger: "#lead_point_name", run: "edit South Kiosk"},
        {trigger: "#lead_city", run: "edit Jinan"},
        {trigger: "#lead_street", run: "edit 2 Spring Road"},
        {trigger: "#lead_opening_hours", run: "edit 16:00–20:00"},
        {
            content: "The points that are there help to find one's own place",
            trigger: ".o_groupbuy_lead_map .o_groupbuy_map_point",
            run: () => standAt(36.652, 117.001),
        },
        {trigger: ".o_groupbuy_locate", run: "click"},
        {
            trigger: ".o_groupbuy_position_text:contains('36.65200, 117.00100')",
        },
        {
            content: "A little further north",
            trigger: "button[aria-label='North']",
            run: "click",
        },
        {
            trigger: ".o_groupbuy_position_text:contains('36.65218, 117.00100')",
        },
        {
            content: "Tap the map: the position follows",
            trigger: ".o_groupbuy_position_map svg",
            run({anchor}) {
                const {left, top, width, height} = anchor.getBoundingClientRect();
                anchor.dispatchEvent(
                    new MouseEvent("click", {
                        bubbles: true,
                        clientX: left + width / 2,
                        clientY: top + height * 0.97,
                    })
                );
            },
        },
        {
            trigger:
                ".o_groupbuy_position_text:not(:contains('36.65218')):contains('36.64')",
            run: fits,
        },
        {
            content: "A photo is made small before it is sent",
            trigger: "#lead_photos",
            run: ({anchor}) => takePhoto(anchor),
        },
        {trigger: ".o_groupbuy_photos img"},
        {trigger: "#lead_agreed", run: "click"},
        {
            trigger: ".o_groupbuy_lead_form button[type=submit]:enabled",
            run: "click",
            expectUnloadPage: true,
        },
        {
            trigger: ".o_groupbuy_lead_status[data-state=applied]",
            run: fits,
        },
    ],
});

registry.category("web_tour.tours").add("groupbuy_lead_approve", {
    steps: () => [
        {
            content: "The queue shows who waits",
            trigger: ".o_data_row:contains('Ann Applicant') td[name='name']",
            run: "click",
        },
        {
            content: "The photo is there",
            trigger: ".o_field_widget[name='photo_ids'] .o_kanban_record img",
        },
        {trigger: "button:contains('Ask for More')", run: "click"},
        {
            trigger: ".modal .o_field_widget[name='reason'] textarea",
            run: "edit Which door is it?",
        },
        {trigger: ".modal button[name='action_confirm']", run: "click"},
        {
            trigger:
                "body:not(:has(.modal)) .o_arrow_button_current:contains('More Asked For')",
        },
        {trigger: "button[name='action_approve']", run: "click"},
        {
            content: "User, point and location are there: that takes a moment",
            trigger: ".o_arrow_button_current:contains('Approved')",
            timeout: 60000,
        },
        {
            content: "The point is open",
            trigger: ".o_field_widget[name='point_ids']:contains('South Kiosk')",
        },
        {
            content: "The applicant was told",
            trigger: ".o-mail-Message:contains('is open')",
        },
    ],
});
