import {Interaction} from "@web/public/interaction";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";

const MAX_PHOTOS = 5;
// Enough to see a rotten leaf; a phone's own pictures are five times as large.
const MAX_PIXELS = 1600;
const SMALL_ENOUGH = 500_000;

/**
 * How many times smaller a picture becomes, never larger.
 *
 * @param {Number} width
 * @param {Number} height
 * @returns {Number} up to 1
 */
export function scaleOf(width, height) {
    return Math.min(1, MAX_PIXELS / Math.max(width, height, 1));
}

/**
 * Make a photo small enough for a slow network.
 *
 * @param {File} file
 * @returns {Promise<File>} the same file where it is small, or no browser can read it
 */
export async function shrink(file) {
    try {
        const picture = await createImageBitmap(file);
        const scale = scaleOf(picture.width, picture.height);
        if (scale === 1 && file.size <= SMALL_ENOUGH) {
            return file;
        }
        const canvas = document.createElement("canvas");
        canvas.width = Math.round(picture.width * scale);
        canvas.height = Math.round(picture.height * scale);
        canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
        const blob = await new Promise((resolve) =>
            canvas.toBlob(resolve, "image/jpeg", 0.85)
        );
        const name = file.name.replace(/\.\w+$/, "") + ".jpg";
        return new File([blob], name, {type: blob.type});
    } catch {
        // The server says what is wrong with it.
        return file;
    }
}

/**
 * The request of a refund or return: what is wrong with how many pieces of what.
 */
export class GroupbuyClaim extends Interaction {
    static selector = ".o_groupbuy_claim_form";
    dynamicContent = {
        ".o_groupbuy_claim_quantity": {
            "t-on-input": () => this.updateContent(),
        },
        ".o_groupbuy_claim_less": {
            "t-on-click.withTarget": (_ev, button) => this.step(button, -1),
        },
        ".o_groupbuy_claim_more": {
            "t-on-click.withTarget": (_ev, button) => this.step(button, 1),
        },
        ".o_groupbuy_claim_details": {
            "t-att-class": (details) => ({"d-none": !this.quantityOf(details)}),
            "t-att-disabled": (details) => !this.quantityOf(details) || undefined,
        },
        "input[type=file]": {
            "t-on-change.withTarget": (_ev, input) => this.choosePhotos(input),
        },
        "button[type=submit]": {
            "t-att-disabled": () => this.isEmpty || this.isShrinking || undefined,
        },
    };

    setup() {
        this.isShrinking = false;
    }

    inputOf(element) {
        return element
            .closest(".o_groupbuy_claim_line")
            .querySelector(".o_groupbuy_claim_quantity");
    }

    quantityOf(element) {
        return Number(this.inputOf(element).value) || 0;
    }

    get isEmpty() {
        const inputs = this.el.querySelectorAll(".o_groupbuy_claim_quantity");
        return [...inputs].every((input) => !(Number(input.value) > 0));
    }

    step(button, difference) {
        const input = this.inputOf(button);
        const wanted = (Number(input.value) || 0) + difference;
        input.value = Math.min(Math.max(wanted, 0), Number(input.max));
        this.updateContent();
    }

    async choosePhotos(input) {
        this.isShrinking = true;
        this.updateContent();
        const chosen = [...input.files].slice(0, MAX_PHOTOS);
        const tooMany = input.files.length > MAX_PHOTOS;
        const files = await this.waitFor(Promise.all(chosen.map(shrink)));
        const transfer = new DataTransfer();
        files.forEach((file) => transfer.items.add(file));
        input.files = transfer.files;
        this.showPhotos(input, files);
        if (tooMany) {
            this.services.notification.add(
                _t("The first %s photos are taken.", MAX_PHOTOS),
                {type: "warning"}
            );
        }
        this.isShrinking = false;
        this.updateContent();
    }

    showPhotos(input, files) {
        const gallery = input.parentElement.querySelector(".o_groupbuy_photos");
        gallery.querySelectorAll("img").forEach((img) => URL.revokeObjectURL(img.src));
        gallery.replaceChildren(
            ...files.map((file) => {
                const img = document.createElement("img");
                img.src = URL.createObjectURL(file);
                img.alt = file.name;
                return img;
            })
        );
    }
}

registry.category("public.interactions").add("community_groupbuy.claim", GroupbuyClaim);
