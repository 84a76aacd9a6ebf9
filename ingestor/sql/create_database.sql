-- The one database of the mesh.
CREATE DATABASE IF NOT EXISTS swarm COMMENT 'Ganglion: what a swarm of agents decided, did and left behind.'
