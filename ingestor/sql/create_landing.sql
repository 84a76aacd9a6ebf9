-- The door: an insert goes here, and the view below turns its one block into one block of swarm.events, or into an error and nothing.
CREATE TABLE IF NOT EXISTS swarm.landing
(
    %COLUMNS%
)
ENGINE = Null
COMMENT 'The door to swarm.events: an insert here, FORMAT Protobuf, is decoded by the engine. It keeps nothing itself.'
