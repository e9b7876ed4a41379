import {describe, expect, test} from "@odoo/hoot";

import {formatSeconds} from "@community_groupbuy/interactions/countdown";
import {
    clampQuantity,
    nextStep,
    priceAt,
    sumUp,
} from "@community_groupbuy/interactions/ladder";

describe.current.tags("headless");

const LADDER = [
    [0, 10],
    [20, 9],
    [50, 8],
];

test("the price is that of the highest step reached", () => {
    expect([0, 19, 20, 49, 50, 999].map((n) => priceAt(LADDER, n))).toEqual([
        10, 10, 9, 9, 8, 8,
    ]);
});

test("the next step is the first one not reached", () => {
    expect(nextStep(LADDER, 0)).toEqual([20, 9]);
    expect(nextStep(LADDER, 20)).toEqual([50, 8]);
    expect(nextStep(LADDER, 50)).toBe(undefined);
});

test("quantities are whole packs within the limits", () => {
    expect(clampQuantity(3, {pack: 2})).toBe(4);
    expect(clampQuantity(-5, {pack: 2})).toBe(0);
    expect(clampQuantity(NaN, {pack: 1})).toBe(0);
    expect(clampQuantity(99, {pack: 2, max: 10, remaining: NaN})).toBe(10);
    expect(clampQuantity(99, {pack: 4, max: 10, remaining: 7})).toBe(4);
    expect(clampQuantity(1, {pack: 4, remaining: 3})).toBe(0);
    expect(clampQuantity(1.5, {pack: 1})).toBe(2);
});

test("one's own pieces count for the price", () => {
    const offer = {ladder: LADDER, compare: 12};
    expect(sumUp([{...offer, paid: 15, chosen: 10}])).toEqual({
        total: 90,
        saving: 30,
        pieces: 10,
    });
    expect(sumUp([{...offer, paid: 15, chosen: 0}]).total).toBe(0);
});

test("what is left is shown with days where there are any", () => {
    expect(formatSeconds(0)).toBe("00:00:00");
    expect(formatSeconds(-3)).toBe("00:00:00");
    expect(formatSeconds(3661.9)).toBe("01:01:01");
    expect(formatSeconds(2 * 86400 + 59, "d")).toBe("2 d 00:00:59");
});
