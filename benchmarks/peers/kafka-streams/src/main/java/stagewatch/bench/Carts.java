package stagewatch.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import stagewatch.bench.Kind.Groups;
import stagewatch.bench.Memory.Cart;
import stagewatch.bench.Memory.Held;
import stagewatch.bench.Transition.Cause;
import stagewatch.bench.Transition.Move;

/** The cart track: one stage for each cart that events name; an order closes all that are open. */
final class Carts {
    private static final int EMPTY = 0;
    private static final int FILLED = 1;
    private static final int CHECKOUT = 2;
    private static final int ABANDONED = 3;
    private static final int ORDERED = 4;
    private static final String[] STAGES = {"empty", "filled", "checkout", "abandoned", "ordered"};
    private static final int MOST_OPEN = 20;

    private final Memory memory;
    private final FiveStage journey;

    Carts(Memory memory, FiveStage journey) {
        this.memory = memory;
        this.journey = journey;
    }

    void on(Signal signal, Kind kind, long at) {
        if (kind.in(Groups.BUYS)) {
            for (Cart cart : open(signal.cart())) {
                cart.value = null;
                cart.items = null;
                if (cart.stage != ORDERED) {
                    move(cart, cart.stage == ABANDONED ? "cart_recovered" : "ordered", ORDERED, at, order());
                }
            }
        } else if (kind.in(Groups.TOUCHES)) {
            Cart cart = touch(signal.cart());
            cart.value = signal.value() != null ? signal.value() : cart.value;
            cart.items = signal.items() != null ? signal.items() : cart.items;
            if (kind == Kind.CART_UPDATED) {
                updated(cart, signal, at);
            } else if (cart.stage == ABANDONED) {
                move(cart, "cart_resumed", CHECKOUT, at, seen(cart));
            } else if (cart.stage != CHECKOUT) {
                move(cart, "checkout_started", CHECKOUT, at, seen(cart));
            }
            cart.due = cart.stage == FILLED || cart.stage == CHECKOUT ? at + 30 * Facts.MINUTE : Memory.NEVER;
        } else {
            return;
        }
        settle();
    }

    private void updated(Cart cart, Signal signal, long at) {
        boolean none = "emptied".equals(signal.action()) || (signal.items() != null && signal.items() == 0);
        boolean worthless = "removed".equals(signal.action()) && signal.value() != null && signal.value() == 0;
        boolean waits = cart.stage == EMPTY || cart.stage == ORDERED;
        if (!waits && (none || worthless)) {
            empty(cart, signal, at);
        } else if (waits && !none) {
            move(cart, "cart_started", FILLED, at, seen(cart));
        } else if (cart.stage == ABANDONED) {
            move(cart, "cart_resumed", FILLED, at, seen(cart));
        }
    }

    /** Held back for five minutes: whoever puts another product in has not emptied the cart. */
    private void empty(Cart cart, Signal signal, long at) {
        cart.held =
                new Held(
                        cart.stage,
                        cart.since,
                        at,
                        signal.kind().name,
                        signal.id(),
                        signal.topic(),
                        signal.partition(),
                        signal.offset());
        cart.heldUntil = at + 5 * Facts.MINUTE;
        cart.stage = EMPTY;
        cart.since = at;
    }

    /** The first deadline of any cart, which is then. */
    void silence(long at) {
        for (Cart cart : memory.carts.values()) {
            if (cart.heldUntil == at) {
                free(cart, -1);
                break;
            }
            if (cart.due == at) {
                if (cart.stage == ABANDONED) {
                    move(cart, "cart_expired", EMPTY, at, seen(cart));
                    cart.due = Memory.NEVER;
                } else {
                    Map<String, Object> facts = seen(cart);
                    facts.put("last_channel", memory.lastChannel);
                    move(cart, "cart_abandoned", ABANDONED, at, facts);
                    cart.due = at + 7 * Facts.DAY;
                }
                break;
            }
        }
        settle();
    }

    private void move(Cart cart, String name, int to, long at, Map<String, Object> facts) {
        boolean undone = free(cart, to);
        Move move = new Move("cart", name, STAGES[cart.stage], cart.since, STAGES[to], at);
        journey.publish(move, cart.id, facts, undone ? "undone" : null);
        cart.stage = to;
        cart.since = at;
        if (to == ORDERED) {
            cart.due = Memory.NEVER;
        }
    }

    /** Publish what was held back, if anything was; whether going to that stage undoes it. */
    private boolean free(Cart cart, int to) {
        Held held = cart.held;
        if (held == null) {
            return false;
        }
        cart.held = null;
        cart.heldUntil = Memory.NEVER;
        boolean undone = held.left() == to;
        Move move = new Move("cart", "cart_emptied", STAGES[held.left()], held.since(), STAGES[EMPTY], held.at());
        Cause cause = new Cause(held.kind(), held.id(), held.topic(), held.partition(), held.offset());
        journey.publish(move, cart.id, cause, Facts.facts(), undone ? "undone" : null);
        return undone;
    }

    /** The cart of that name, now the one last touched; it begins if there is none. */
    private Cart touch(String name) {
        String key = name == null ? "" : name;
        Cart cart = memory.carts.remove(key);
        if (cart == null) {
            memory.carts.values().removeIf(Cart::isClosed);
            if (memory.carts.size() >= MOST_OPEN) {
                free(memory.carts.remove(memory.carts.keySet().iterator().next()), -1);
            }
            cart = new Cart();
            cart.id = name;
        }
        memory.carts.put(key, cart);
        return cart;
    }

    private List<Cart> open(String name) {
        List<Cart> open = new ArrayList<>(memory.carts.values());
        open.removeIf(Cart::isClosed);
        if (open.isEmpty()) {
            Cart known = memory.carts.get(name == null ? "" : name);
            open.add(known == null ? touch(name) : known);
        }
        return open;
    }

    private void settle() {
        long due = Memory.NEVER;
        for (Cart cart : memory.carts.values()) {
            due = Math.min(due, Math.min(cart.due, cart.heldUntil));
        }
        memory.cartsDue = due;
    }

    private Map<String, Object> order() {
        return Facts.facts("order_value", memory.orderValue, "last_channel", memory.lastChannel);
    }

    private static Map<String, Object> seen(Cart cart) {
        return Facts.facts("cart_value", cart.value, "cart_items", cart.items);
    }
}
