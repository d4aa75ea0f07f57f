package stagewatch.bench;

/** Something a customer did, at a moment in ms; what was not said is null. */
record Signal(
        String customer,
        Kind kind,
        long at,
        String id,
        String channel,
        String action,
        String cart,
        Integer items,
        Double value,
        Double revenue,
        Double refund,
        Double rating,
        String topic,
        int partition,
        long offset) {}
